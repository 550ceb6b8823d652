import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { repositoryRoot } from '../tidy/source-files.ts'

const run = promisify(execFile)
const client = join(repositoryRoot, 'clients/python')

/** Where `.ci/run` puts it, with what the client and its tests need. */
const python = join(repositoryRoot, '.cache/python-client/bin/python')

export const noPython =
  'skipped: there is no .cache/python-client, as .ci/run makes it where `python3 -m venv` works (apt install python3-venv)'

/** Several programs in one Python: what each printed. */
export async function printedBy(programs: readonly string[], options: PythonOptions): Promise<string[]> {
  return JSON.parse(await runPython(['-c', runEach, JSON.stringify(programs)], options)) as string[]
}

const runEach = `
import contextlib, io, json, sys
printed = []
for program in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(program, {"__name__": "__main__"})
    printed.append(output.getvalue())
print(json.dumps(printed))
`

export function hasPython(): boolean {
  return existsSync(python)
}

export interface PythonOptions {
  readonly settings?: NodeJS.ProcessEnv
  /** Where it runs: the client's when left out. */
  readonly directory?: string
}

/** Runs Python with the client as it is in this tree, and gives what it printed. */
export async function runPython(
  words: readonly string[],
  { settings = {}, directory = client }: PythonOptions = {},
): Promise<string> {
  const own = { PATH: process.env.PATH, PYTHONPATH: join(client, 'src'), PYTHONDONTWRITEBYTECODE: '1' }
  try {
    return (await run(python, words, { cwd: directory, env: { ...own, ...settings } })).stdout
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    return assert.fail(`python ${words.join(' ')}\n${stdout}\n${stderr}`)
  }
}
