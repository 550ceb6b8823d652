import type { RefObject } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

export interface Modal {
  readonly dialog: RefObject<HTMLDialogElement>
  /** Closes it, and so leads to `onClosed`. */
  readonly close: () => void
  /** For its `close` event. */
  readonly onClosed: () => void
}

/**
 * A `<dialog>` over the page for as long as the component is there. Whatever closes it, also that the component goes away,
 * the focus is on what had it before; where that is gone, on the heading of the page.
 * @param onClose called once it is closed, unless because the component went away
 */
export function useModal(onClose: () => void): Modal {
  const dialog = useRef<HTMLDialogElement>(null)
  // Before the next key is read: it is meant for the dialog.
  useLayoutEffect(() => {
    const { current } = dialog
    current?.showModal()
    return () => {
      current?.close()
      // Once it is out of the page, and with it perhaps what opened it.
      queueMicrotask(focusSomething)
    }
  }, [])
  const onClosed = () => {
    if (dialog.current !== null) onClose()
  }
  return { dialog, close: () => dialog.current?.close(), onClosed }
}

/** Who uses the keyboard alone would begin anew at the top of the page without a focus. */
function focusSomething(): void {
  const { activeElement, body } = document
  if (activeElement === null || activeElement === body)
    document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true })
}
