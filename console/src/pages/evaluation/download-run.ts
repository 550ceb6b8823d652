import { runLines } from '@hypershard/evaluation/browser'
import type { KeptRun } from './kept-run.ts'

/** The tag of its lines, as `hypershard eval --run` has it. */
const tag = 'hypershard'

/** Has the browser save a run as a TREC file. */
export function downloadRun({ name, run }: KeptRun): void {
  const url = URL.createObjectURL(new Blob([...runLines(run, tag)], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = fileNameOf(name)
  link.click()
  // The browser has taken hold of it by the time that it comes to this.
  setTimeout(() => URL.revokeObjectURL(url))
}

/** `3. sample, exact` is `3-sample-exact.trec`. */
export function fileNameOf(name: string): string {
  const words = name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '')
  return `${words.slice(0, 100) || 'run'}.trec`
}
