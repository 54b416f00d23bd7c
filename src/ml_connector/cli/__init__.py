"""The command line: a face of `app`, nothing more.

A command loads a thousand modules and holds them to its end. Looking for unused cycles in them as often as
Python does by default is a tenth of its time, so it is done more rarely here, before they are loaded.
"""

import gc

gc.set_threshold(50_000, 20, 20)
