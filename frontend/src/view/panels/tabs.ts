/** Tab is one of the side panel's. */
export type Tab = 'transcript' | 'sessions' | 'bookmarks' | 'save' | 'settings'
