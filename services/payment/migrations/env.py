from kit import migrations
from services.payment.models import metadata

migrations.run(metadata)
