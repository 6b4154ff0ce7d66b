"""Robots, runs, work items, schedules: the engine. Knows no process."""
