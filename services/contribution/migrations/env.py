from kit import migrations
from services.contribution.models import metadata

migrations.run(metadata)
