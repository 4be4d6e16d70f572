"""Vehicles: plate, type, driver, GNSS unit, the roads they may use and where and how long they may park."""
