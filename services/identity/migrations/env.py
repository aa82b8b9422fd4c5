from kit import migrations
from services.identity.models import metadata

migrations.run(metadata)
