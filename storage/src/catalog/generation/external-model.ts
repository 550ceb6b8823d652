/**
 * What stands for a model where there is none: vectors and q-nets come from outside. Its name says what they look like, and
 * its digest is the name's, so that every record which names a model, and every q-net and segment that is checked against a
 * model's digest, does so with nothing added. docs/decisions/032-what-stands-for-a-model.md.
 */
import { hash } from 'node:crypto'
import type { NamedModel } from './named-model.ts'

const prefix = 'external:'

/** @param architecture the key of the q-net architecture, whose first width is the vectors' */
export function externalModel(architecture: string): NamedModel {
  const name = `${prefix}${architecture}`
  return { name, digest: hash('sha256', name, 'hex') }
}

/** The key of the architecture; undefined of a model that an encoder service has, whatever it is called. */
export function externalArchitecture({ name, digest }: NamedModel): string | undefined {
  if (!name.startsWith(prefix) || hash('sha256', name, 'hex') !== digest) return undefined
  return name.slice(prefix.length)
}
