"""Video input: reads any source as pictures in display order.

``open_pictures`` accepts a file, a URL, a pipe, a folder of images or an iterable of arrays; all of them yield the same
``Picture`` objects.
"""

from warpseg.video.open import Source, open_pictures
from warpseg.video.options import SourceOptions
from warpseg.video.reader import PictureReader

__all__ = ["PictureReader", "Source", "SourceOptions", "open_pictures"]
