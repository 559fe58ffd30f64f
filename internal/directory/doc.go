// Package directory is the built-in user directory: users and departments of each company, served
// over a Websak-shaped HTTP API (model.go has its shapes, from Websak's own document) and written by
// the directory connector. Users are never deleted, only deactivated.
//
// Where Websak's document is silent, this is decided:
//
//   - A POST that finds its user keeps the properties that it leaves out and empties those that it
//     gives as null. By lookupField Code it must have a code.
//   - A department that is not known is stored as given; the user belongs to it from the first write
//     after it exists. departmentCode is compared in any letter case, the external id exactly.
//   - An update by POST stores another template and leaves access as it is; a PUT takes all access
//     from the template when the template or the department becomes another.
//   - An id in a path of the routes that speak of a user name is the id or else the code, unless
//     lookupField is given: then it is what that says.
//   - userRequestJsonString leaves out the properties that the include switches leave out.
//   - emailAddr is the first of mailAddresses where it is not given itself.
//   - A write that changes nothing is no change for changes/{fromDate}.
//   - Whoever has a role has it once, whatever its lists say.
//   - Short names and external ids of departments are each one department's.
package directory
