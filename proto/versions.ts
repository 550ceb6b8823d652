/**
 * Which messages processes understand. It grows with each change that an older process would misread; a process works with
 * others of its own version and of the one before. Version 1 are processes that do not tell theirs.
 */
export const protocolVersion = 2

/** What a process speaks that does not tell its version. */
export const untoldVersion = 1

/** Whether processes of these versions work together. */
export function versionsMatch(one: number, other: number): boolean {
  return Math.abs(one - other) <= 1
}
