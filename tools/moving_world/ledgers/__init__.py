"""The ledgers of a world, one file for each vendor that may stand behind one."""
