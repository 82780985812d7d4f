package archive

// OpenFolder is Open for a folder, with a limit that a test can reach.
var OpenFolder = openFolder
