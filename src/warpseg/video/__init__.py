"""Video in: every source becomes an iterator of pictures in display order.

``open_pictures`` takes a file, a URL, a pipe, a folder of images or an iterable of arrays; nobody above this package
needs to know which.
"""

from warpseg.video.open import Source, open_pictures
from warpseg.video.reader import PictureReader

__all__ = ["PictureReader", "Source", "open_pictures"]
