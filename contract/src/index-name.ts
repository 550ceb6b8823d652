import { z } from 'zod'

/** A name that is safe in keys, paths and URLs. */
export const indexNamePattern = /^[a-z0-9][a-z0-9_-]{0,63}$/

/** Of an index, an alias or a snapshot. */
export const indexNameSchema = z
  .string()
  .regex(indexNamePattern, 'must be 1 to 64 of a-z 0-9 - _, starting with a letter or digit')
