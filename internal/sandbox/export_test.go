package sandbox

// ContosoID is the first customer of the list.
const ContosoID = contosoID

// NamedIDs returns the ids of the customers with fixtures of their own, in the list's order.
func NamedIDs() []string {
	var ids []string
	for _, c := range namedCustomers {
		ids = append(ids, c.id)
	}
	return ids
}
