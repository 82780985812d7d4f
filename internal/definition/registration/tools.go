package registration

// settings is the file settings.json of paconn and of pac. The environment is left out: paconn asks
// for it, and pac takes that of its sign-in.
type settings struct {
	ConnectorID   *string `json:"connectorId,omitempty"` // empty: make a new connector
	APIProperties string  `json:"apiProperties"`
	APIDefinition string  `json:"apiDefinition"`
	Icon          string  `json:"icon"`
}

// paconn returns the files for paconn create.
func paconn(b *Builder) ([]File, error) {
	none := ""
	return b.toolFiles(settings{
		ConnectorID:   &none,
		APIProperties: "apiProperties.json",
		APIDefinition: "apiDefinition.swagger.json",
		Icon:          "icon.png",
	})
}

// pac returns the files for pac connector create.
func pac(b *Builder) ([]File, error) {
	return b.toolFiles(settings{
		APIProperties: "apiProperties.json",
		APIDefinition: "apiDefinition.json",
		Icon:          "icon.png",
	})
}

// toolFiles returns the settings of a tool and the files that they name.
func (b *Builder) toolFiles(names settings) ([]File, error) {
	parsed, err := summarize(b.own)
	if err != nil {
		return nil, err
	}
	properties, err := encode(b.properties(parsed))
	if err != nil {
		return nil, err
	}
	config, err := encode(names)
	if err != nil {
		return nil, err
	}
	return []File{
		{names.APIDefinition, b.own},
		{names.APIProperties, properties},
		{names.Icon, b.Icon},
		{"settings.json", config},
	}, nil
}
