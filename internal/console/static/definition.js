// Reads the OpenAPI 2.0 definition that the service gives to the platform. It is the only place from which
// the console knows actions, parameters and fields.

/** A Definition has the actions of a service. */
export class Definition {
  #document;

  /** @param {object} document a parsed definition, OpenAPI 2.0 */
  constructor(document) {
    this.#document = document;
    this.title = document.info.title;
    this.operations = Object.entries(document.paths).map(([path, item]) => this.#operation(path, item.get));
    this.actions = this.operations.filter((operation) => !operation.isInternal);
  }

  /** operation returns the operation with an operationId, or undefined. */
  operation(id) {
    return this.operations.find((operation) => operation.id === id);
  }

  /** groups returns the actions by their tags, in the order of the definition. */
  groups() {
    return Object.entries(Object.groupBy(this.actions, (action) => action.group));
  }

  #operation(path, operation) {
    const response = this.#resolve(operation.responses["200"]);
    const schema = this.#schema(response.schema ?? {});
    return {
      id: operation.operationId,
      path,
      label: operation.summary,
      description: operation.description,
      group: operation.tags?.[0] ?? "",
      docs: operation.externalDocs?.url,
      isInternal: operation["x-ms-visibility"] === "internal",
      isTrigger: Boolean(operation["x-ms-trigger"]),
      isFile: schema.format === "binary",
      nextLink: operation["x-ms-pageable"]?.nextLinkName,
      parameters: (operation.parameters ?? []).map((parameter) => this.#parameter(this.#resolve(parameter))),
      schema,
    };
  }

  #parameter(parameter) {
    const titles = new Map(parameter["x-ms-enum-values"]?.map(({ value, displayName }) => [value, displayName]));
    return {
      ...parameter,
      label: parameter["x-ms-summary"] ?? parameter.name,
      isAdvanced: parameter["x-ms-visibility"] === "advanced",
      isInternal: parameter["x-ms-visibility"] === "internal",
      choices: parameter.enum?.map((value) => ({ value, title: titles.get(value) ?? value })),
      picker: parameter["x-ms-dynamic-values"],
    };
  }

  // Resolves a reference; what stands beside it wins.
  #resolve(value) {
    if (!value.$ref) return value;
    const [, section, name] = value.$ref.split("/");
    const { $ref, ...beside } = value;
    return { ...this.#resolve(this.#document[section][name]), ...beside };
  }

  // Returns a schema without references. The schemas of answers have no cycle.
  #schema(schema) {
    const resolved = { ...this.#resolve(schema) };
    if (resolved.items) resolved.items = this.#schema(resolved.items);
    if (resolved.properties) {
      resolved.properties = Object.fromEntries(
        Object.entries(resolved.properties).map(([name, property]) => [name, this.#schema(property)]),
      );
    }
    return resolved;
  }
}

/** isList reports whether a schema is that of an array of objects. */
const isList = (schema) => schema.type === "array" && schema.items.type === "object";

/**
 * shapeOf describes the answer of an action: list is the name of the array with its rows, or undefined for an
 * answer that is one thing; others are its other arrays and values; columns are the fields of a row or of the
 * thing.
 */
export function shapeOf(schema) {
  const names = Object.keys(schema.properties ?? {});
  const list = names.find((name) => schema.required?.includes(name) && isList(schema.properties[name]));
  return {
    list,
    others: list ? columnsOf(schema).filter((column) => column.path[0] !== list) : [],
    columns: columnsOf(list ? schema.properties[list].items : schema),
  };
}

/**
 * columnsOf returns the fields below an object: all values and arrays, with the path from the object, the
 * definition's label, and the label of the object around them.
 */
function columnsOf(schema, path = [], around = "", isAdvanced = false) {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const label = property["x-ms-summary"] ?? name;
    const below = [...path, name];
    const advanced = isAdvanced || property["x-ms-visibility"] === "advanced";
    if (property.type === "object") return columnsOf(property, below, label, advanced);
    return [
      {
        path: below,
        key: below.join("."),
        label,
        around,
        description: property.description ?? "",
        type: property.type,
        isAdvanced: advanced,
        columns: isList(property) ? columnsOf(property.items) : null,
      },
    ];
  });
}
