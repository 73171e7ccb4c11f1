package api

// ImportPath is where an export is put into a store, below Prefix.
const ImportPath = "/import"
