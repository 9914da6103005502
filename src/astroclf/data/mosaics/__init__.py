"""Mosaics: frames with a WCS, and stamps cut from them around positions on the sky.

`frames` lists the frames and finds the one that covers a position; `frame_pixels` reads parts of
them; `grid` maps the pixels of a stamp to those of a frame; `stamps` combines them. Nothing here
depends on settings or labels, so that any source of positions can use it.
"""
