// Package model keeps the models of the recogniser: it fetches them, checks
// them before anything loads them, and remembers which camera uses which.
//
// # On disk
//
// One folder below the store's directory is one model, as its makers packed
// it, with hindsight.json beside the files: its [Manifest], written when it was
// added. use.json says which model a camera uses for a language. Names with a
// dot in front are ours: what is being added (.adding-*), being removed
// (.removed-*) or downloaded (.download), and two lock files. What a crash left
// of these is cleared away by the next [Open], except for downloads, which go on.
//
// A model is unpacked and checked beside the others, tried, synced and then
// renamed into place, so that a folder with a model's name is always whole. A
// model comes into use only by [Store.Use], which checks every byte again.
//
// # Faults
//
// libvosk cannot be trusted with a broken model: it loads some of them and ends
// its process later. [Check] finds a missing file, a file cut short or of the
// wrong kind, and, where there is a manifest, any changed byte. What only
// running it can show is left to the trial, which is handed in.
//
// # Removed while in use
//
// libvosk reads a model whole when it starts and then closes the files, so a
// recogniser that runs goes on as before when its model is removed, and the
// memory stays with it. A recogniser that is just loading keeps the files that
// it has open and finds the others gone: it fails to start, in its own process.
// Whoever starts it again calls [Check] first and is told that the model is
// gone. [Store.Remove] refuses a model that is in use unless it is forced, and
// then takes it out of use first.
package model
