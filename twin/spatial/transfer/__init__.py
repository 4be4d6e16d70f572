"""Import and export of layers: GeoJSON, GeoPackage, Shapefile, DXF and Excel, in any coordinate system."""
