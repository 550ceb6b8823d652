import { type Check, ok, problem } from '../check.ts'
import type { Configuration } from './read-configuration.ts'

/** The process would take its settings. */
export const settingsRead: Check<Configuration> = {
  name: 'settings',
  look: ({ process, settings, problems }) => {
    if (problems.length === 0)
      return [ok(`the ${process} takes these settings (${Object.keys(settings).length} with defaults)`)]
    return problems.map(text => problem(text, 'see docs/config.md; the process would not start'))
  },
}
