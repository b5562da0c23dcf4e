"""The use cases of sortition, one file each. They run inside a unit of work and never open or commit one."""
