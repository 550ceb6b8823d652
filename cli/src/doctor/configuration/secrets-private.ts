import { stat } from 'node:fs/promises'
import { messageOf } from '@hypershard/common'
import { type Check, type Finding, ok, problem } from '../check.ts'
import type { Configuration } from './read-configuration.ts'

/** Files that hold what lets one in, or the hash of it. */
const secretSettings = ['HYPERSHARD_TLS_KEY', 'HYPERSHARD_HTTP_TLS_KEY', 'HYPERSHARD_KEYS'] as const

/** What everybody on the machine may do with a file. */
const ofOthers = 0o007

/** Files with keys are read and written by nobody but their user and group. */
export const secretsPrivate: Check<Configuration> = {
  name: 'files of keys',
  look: async ({ environment }) => {
    const paths = secretSettings.flatMap(name => {
      const path = environment[name]
      return path === undefined || /^rediss?:/.test(path) ? [] : [{ name, path }]
    })
    return Promise.all(paths.map(({ name, path }) => findingOf(name, path)))
  },
}

async function findingOf(name: string, path: string): Promise<Finding> {
  try {
    const { mode } = await stat(path)
    const octal = (mode & 0o777).toString(8)
    if ((mode & ofOthers) === 0) return ok(`${name} ${path} is closed to others (mode ${octal})`)
    return problem(`${name} ${path} is open to everybody on this machine (mode ${octal})`, `\`chmod 640 ${path}\``)
  } catch (error) {
    return problem(`${name}: ${messageOf(error)}`, 'name a file that the process can read')
  }
}
