import { lowOpenFilesLimit, openFilesMax } from '@hypershard/common'
import { type Check, ok, problem, unchecked } from '../check.ts'
import type { Configuration } from './read-configuration.ts'

/** A process started like this one may open as many files as it has segments. */
export const openFiles: Check<Configuration> = {
  name: 'open files',
  look: () => {
    const max = openFilesMax()
    if (max === undefined) return [unchecked('this system does not tell how many files may be open', 'see `ulimit -n`')]
    const low = lowOpenFilesLimit(max)
    if (low === undefined) return [ok(`a process started from here may have ${max} files open`)]
    const [says = low, todo = 'raise it'] = low.split('; ')
    return [problem(says, todo)]
  },
}
