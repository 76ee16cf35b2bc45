"""For the moment."""

from validator.storage.identity import ABSENT as ABSENT
from validator.storage.identity import Identity as Identity
from validator.storage.media_files import MediaFiles as MediaFiles
from validator.storage.media_files import Memory as Memory
from validator.storage.paths import look as look
from validator.storage.remote import is_remote as is_remote
from validator.storage.remote import locate as locate
from validator.storage.remote import storage as storage
