"""Live photos: proof that a picture was taken now, here and by this person (即时拍摄).

The app asks for a one-time challenge, takes the picture from the camera stream within a minute and sends its bytes with
a proof over challenge and digest. Whatever is late, used, re-encoded or was sent before is refused; time, person, place
and record number are drawn onto what is kept.
"""
