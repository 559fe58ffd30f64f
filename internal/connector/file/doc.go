// Package file reads people from a file on the same machine, as a stream: the memory that it takes
// does not grow with the file.
//
// The file's ending says what is in it, in letters of any case: `.csv`, `.json` or `.jsonl`, then
// perhaps `.gz` or `.zst`.
//
//   - .csv has a header of the names that usersync.Person has in JSON, nested ones with dots: id,
//     name.givenName, addresses.work.postalCode, attributes.X; one group in groups[].id and
//     groups[].name. Cells are divided by commas or by semicolons, whichever the header has more of.
//     Names of columns are compared without regard to case. `active` is true, false, 1, 0, yes or no.
//   - .json is an array of objects, .jsonl an object a line: {"id":"7","name":{"givenName":"Kari"}}.
//     Names are nested, never dotted. Text is text: a number in its place is a fault.
//
// Nothing is left out in silence. An unknown column fails the reading, since it is every person's; an
// unknown property is that person's fault alone. What a file has beyond the known names goes into
// attributes.
//
// A row that cannot be used becomes an entry with a fault and the rest goes on: without an id, longer
// than 1 MiB, not UTF-8, with too many or too few cells, a quoted cell that does not end, a value of
// another type. Its key is its id where that is beyond doubt, else row:N. After a cell that does not
// end the next row is the next line, so that a stray quote swallows nobody.
//
// A file that is not what its name says, that is empty, cut or damaged in its compression, cut in its
// array, or changed while it is read is no list: the reading fails as a whole.
package file
