"""3D Tiles: from a survey firm's delivery (OSGB, GLB, OBJ, point cloud, footprints, 3D Tiles) to an aligned 3D Tiles
1.1 set that answers.
"""
