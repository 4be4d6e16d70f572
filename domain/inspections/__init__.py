"""Inspections (隐患排查任务): plans with their checklists and routes, tasks dispatched by period, signed records."""
