from kit import migrations
from services.certificate.models import metadata

migrations.run(metadata)
