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
func paconn(s *source) ([]File, error) {
	none := ""
	return s.toolFiles(settings{
		ConnectorID:   &none,
		APIProperties: "apiProperties.json",
		APIDefinition: "apiDefinition.swagger.json",
		Icon:          "icon.png",
	})
}

// pac returns the files for pac connector create.
func pac(s *source) ([]File, error) {
	return s.toolFiles(settings{
		APIProperties: "apiProperties.json",
		APIDefinition: "apiDefinition.json",
		Icon:          "icon.png",
	})
}

// toolFiles returns the settings of a tool and the files that they name.
func (s *source) toolFiles(names settings) ([]File, error) {
	parsed, err := summarize(s.own)
	if err != nil {
		return nil, err
	}
	properties, err := encode(s.properties(parsed))
	if err != nil {
		return nil, err
	}
	config, err := encode(names)
	if err != nil {
		return nil, err
	}
	return []File{
		{names.APIDefinition, s.own},
		{names.APIProperties, properties},
		{names.Icon, s.Icon},
		{"settings.json", config},
	}, nil
}
