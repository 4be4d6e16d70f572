"""Register of chemicals and the major-hazard units (GB 18218) that follow from what is stored (clause M1.7)."""
