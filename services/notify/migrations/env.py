from kit import migrations
from services.notify.models import metadata

migrations.run(metadata)
