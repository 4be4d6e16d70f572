"""Generator of the demo plant's textured 3D model: a survey delivery made from the layout, lit and shaded in its textures.

Pipeline: ``scene`` builds meshes whose surfaces are charts in metres; ``light`` renders shadow and sky maps of the whole scene;
``bake`` paints every chart and the ground with procedural materials times light; ``delivery`` writes the survey's folder.
"""
