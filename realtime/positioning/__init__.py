"""Positioning engine: ranges, TDoA, BLE, fixes, pressure and motion of all badges in, one honest fix per badge out.

Pure numeric code: numpy and numba only, no database, no web, no clock of its own. Coordinates are metres in the site's
plant frame (x east, y north, z up), times are seconds since 1970 (or since the start of a recording) of the
*measurement*.
"""
