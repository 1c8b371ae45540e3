import CombinedConfiguration
import Names
import YAML

extension MetaConfigurationReader {
    /// The word for the services of all types. No type may have this name.
    static let everyType = "common"

    /// `[{sort-order: 10, for: common, values: {…}}]`; a block without `for` is for the file's own type.
    mutating func configBlocks(_ node: YAMLNode, of configuration: MetaConfiguration) -> [ConfigBlock] {
        list(node, "a list of config blocks").enumerated().compactMap { place, node in
            let keys = ["sort-order", "for", "values"]
            guard let mapping = diagnostics.mapping(node, allowedKeys: keys, "a config block") else { return nil }
            let order = diagnostics.required("sort-order", of: mapping) { node throws(YAMLError) in
                try node.integer("a sort order", in: 0...1_000_000)
            }
            let types = uniqueList(mapping["for"], "a type or a list of types") { node throws(YAMLError) in
                try node.objectName(.type, "the name of a service type")
            }
            let valuesNode = diagnostics.required("values", of: mapping) { node throws(YAMLError) in node }
            let values = valuesNode.flatMap { BlockValue(reading: $0, &diagnostics) }
            if configuration.isFake, mapping["for"] == nil {
                diagnostics.report(node.position, "a fake type has no services, so its config blocks need \"for\"")
            }
            guard let order, let values else { return nil }
            let target: ConfigBlock.Target =
                types.contains(Self.everyType) ? .all : .types(types.isEmpty ? [configuration.type] : Set(types))
            if types.contains(Self.everyType), types.count > 1, let node = mapping["for"] {
                diagnostics.report(node.position, "\"common\" is for all types; it stands alone")
            }
            let id = BlockID(type: configuration.type, sortOrder: order, number: place + 1)
            return ConfigBlock(
                target: target, block: ConfigurationBlock(id: id, values: values), position: node.position)
        }
    }
}
