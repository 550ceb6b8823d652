// Plain JavaScript for Node 20, as run-node.mjs.
import { readFileSync } from 'node:fs'

/** A parent that was killed is noticed after this long: it can tell nobody, and Node has no other way to learn of it. */
const lookEveryMs = 250

const shells = new Set(['sh', 'dash', 'bash', 'ash', 'zsh', 'busybox'])

/** Noted when this module is loaded: the parent may go while the start takes its time. */
const lineageAtStart = lineage()

/**
 * Calls back once when npm, or another that runs packages' programs, started this process and is gone. npm passes on no
 * signal reliably, and none when it is killed (https://github.com/npm/cli/issues/5776). A process that somebody else
 * started may outlive its parent, as a daemon does.
 * @param {Readonly<Record<string, string | undefined>>} environment
 * @param {() => void} onGone
 */
export function watchParent(environment, onGone) {
  if (environment.npm_config_user_agent === undefined && environment.npm_execpath === undefined) return
  const timer = setInterval(() => {
    if (lineage() === lineageAtStart) return
    clearInterval(timer)
    onGone()
  }, lookEveryMs)
  timer.unref()
}

/**
 * The ids of the parent and, where that is the shell that npm runs a script in, of the one above. Whoever loses its
 * parent gets another.
 * @returns {string}
 */
function lineage() {
  const ids = [process.ppid]
  for (let above = shellsParent(process.ppid); above !== undefined; above = shellsParent(above)) ids.push(above)
  return ids.join()
}

/**
 * The parent of a process that is a shell, by /proc/<pid>/stat (proc(5)); undefined for any other, and where there is no
 * /proc.
 * @param {number} pid
 * @returns {number | undefined}
 */
function shellsParent(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const nameEnd = stat.lastIndexOf(')')
    const name = stat.slice(stat.indexOf('(') + 1, nameEnd)
    return shells.has(name) && pid > 1 ? Number(stat.slice(nameEnd + 2).split(' ')[1]) : undefined
  } catch {
    return undefined
  }
}
