import type { ComponentChildren } from 'preact'

export interface NoticeProps {
  readonly tone?: 'bad' | 'warn' | 'good'
  readonly children: ComponentChildren
}

/** Something to know; readers of the screen are told when it appears. */
export function Notice({ tone, children }: NoticeProps) {
  return (
    <div class={`note${tone === undefined ? '' : ` ${tone}`}`} role={tone === 'bad' ? 'alert' : 'status'}>
      {children}
    </div>
  )
}
