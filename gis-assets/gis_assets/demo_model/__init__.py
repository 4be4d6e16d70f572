"""Generator of the demo plant's 3D model: a survey delivery made from the layout, lit and shaded in its textures.

Pipeline: ``build_*`` make meshes whose surfaces are charts in metres; ``light`` renders shadow and sky maps of the
whole scene; ``bake`` and ``ground`` paint, procedural materials times light; ``delivery`` writes the folder.
"""
