"""渤海示范化工 (Bohai Demonstration Chemical): a fictional plant on the Bohai coast.

``layout`` is the single source of the spatial data (``build``) and of the 3D model (``gis_assets.demo_model``).
"""
