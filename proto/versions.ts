/**
 * Which messages processes understand. It grows with each change that an older process would misread; a process works with
 * others of its own version and of the one before. Version 1 are processes that do not tell theirs.
 */
export const protocolVersion = 2
