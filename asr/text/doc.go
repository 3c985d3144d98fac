// Package text knows how a language is written: its names, whether blanks
// stand between its words, how wide its characters are, how Simplified Chinese
// becomes Traditional, and how two texts are made alike for search.
//
// A recogniser speaks of words; what a person reads is a [Spelling] of them.
// A Chinese model answers in Simplified characters with blanks between the
// words. For zh-TW and zh-HK the words are joined and converted by OpenCC's
// dictionaries, which are embedded (opencc/README.md says where they come
// from). Every entry keeps the number of characters, so a word keeps its times.
// OpenCC's rules are a walk over those dictionaries of some fifty lines; they
// stand here because they have to mind where words begin and end, and because
// the ports of OpenCC to Go rest on a trie under the GPL.
package text
