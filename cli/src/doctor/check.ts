/** unchecked: it could not be looked at, which is no proof that it is well. */
export type Verdict = 'ok' | 'advice' | 'problem' | 'unchecked'

/** One thing that a check found. */
export interface Finding {
  readonly verdict: Verdict
  /** What is so, and what that means. */
  readonly says: string
  /** What to do about it; null where nothing is to be done. */
  readonly todo: string | null
}

/** A finding with the name of its check. */
export interface NamedFinding extends Finding {
  readonly check: string
}

/**
 * One question that the doctor asks of a cluster's facts, or of a process's settings.
 * @example
 * ```ts
 * const indexesExist: Check<ClusterFacts> = {
 *   name: 'indexes',
 *   look: ({ indexes }) => [indexes.length > 0 ? ok('there are indexes') : advice('there is none', 'create one')],
 * }
 * ```
 */
export interface Check<Subject> {
  readonly name: string
  /**
   * @param signal fires when the check's time is up; what it throws then is not told
   * @returns nothing for a question that does not arise, as that for a Redis where none is named
   */
  look(subject: Subject, signal: AbortSignal): readonly Finding[] | Promise<readonly Finding[]>
}

export function ok(says: string): Finding {
  return { verdict: 'ok', says, todo: null }
}

/** It works, and would work better, or longer, otherwise. */
export function advice(says: string, todo: string): Finding {
  return { verdict: 'advice', says, todo }
}

/** It does not work, or will not for long. */
export function problem(says: string, todo: string): Finding {
  return { verdict: 'problem', says, todo }
}

/** @param todo what makes it possible to look */
export function unchecked(says: string, todo: string): Finding {
  return { verdict: 'unchecked', says, todo }
}
