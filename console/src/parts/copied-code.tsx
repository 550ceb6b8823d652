import { useRef, useState } from 'preact/hooks'
import { Button } from './button.tsx'
import { Shown } from './shown.tsx'

export interface CopiedCodeProps {
  /** What it is, for who does not see it. */
  readonly label: string
  readonly text: string
}

/** How much of it is shown; all of it is copied. */
const shownCharactersMax = 50_000

/** Code with a button that copies it. */
export function CopiedCode({ label, text }: CopiedCodeProps) {
  const code = useRef<HTMLPreElement>(null)
  const [told, tell] = useState('')
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      tell('Copied')
    } catch {
      // Without HTTPS a browser lets no script copy.
      if (code.current !== null) getSelection()?.selectAllChildren(code.current)
      tell('Selected: press Ctrl+C')
    }
  }
  return (
    <div class="stack">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section class="code" aria-label={label} tabIndex={0}>
        <pre ref={code}>
          <Shown text={text} max={shownCharactersMax} />
        </pre>
      </section>
      <div class="row">
        <Button onClick={copy} label={`Copy ${label}`}>
          Copy
        </Button>
        <span class="small soft" role="status">
          {told}
        </span>
      </div>
    </div>
  )
}
