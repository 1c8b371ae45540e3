import Names
import Text
import YAML

extension MetaConfigurationReader {
    /// `[{name: alive, http: {port: 8080, path: /ping}}, {name: self-test, command: [bin/pgw, --check]}]`
    package mutating func tests(_ node: YAMLNode) -> [ServiceTest] {
        var places = [String: YAMLPosition]()
        return list(node, "a list of tests").compactMap { node in
            guard let test = test(node) else { return nil }
            if let first = places.updateValue(test.position, forKey: test.name) {
                diagnostics.report(
                    node.position, "a test \"\(test.name)\" is there already, at \(first.line):\(first.column)")
            }
            return test
        }
    }

    private mutating func test(_ node: YAMLNode) -> ServiceTest? {
        let keys = ["name", "command", "http", "timeout", "from"]
        guard let mapping = diagnostics.mapping(node, allowedKeys: keys, "a test") else { return nil }
        let name = diagnostics.required("name", of: mapping) { node throws(YAMLError) in
            try node.objectName(.test, "the name of a test")
        }
        let timeout = diagnostics.optional(mapping["timeout"]) { node throws(YAMLError) in
            try node.integer("seconds", in: ServiceTest.timeouts)
        }
        let origin = diagnostics.optional(mapping["from"]) { node throws(YAMLError) in
            try node.choice(ServiceTest.Origin.self, "place to test from")
        }
        if origin == .outside, mapping["command"] != nil {
            diagnostics.report(mapping.keyPosition("from"), "a command is run on the service's server: from: node")
        }
        let action: ServiceTest.Action?
        switch (mapping["command"], mapping["http"]) {
        case (let command?, nil):
            action = diagnostics.attempt { [isStored] () throws(YAMLError) in
                .command(try Self.command(command, isStored: isStored))
            }
        case (nil, let http?):
            action = httpCheck(http).map { .http($0) }
        case (_?, _?):
            diagnostics.report(mapping.keyPosition("http"), "a test has \"command\" or \"http\", not both")
            return nil
        case (nil, nil):
            diagnostics.report(node.position, "a test needs \"command\" or \"http\"")
            return nil
        }
        guard let name, let action else { return nil }
        return ServiceTest(
            name: name, action: action, timeout: timeout ?? 10, origin: origin ?? .node, position: node.position)
    }

    private static func command(_ node: YAMLNode, isStored: Bool) throws(YAMLError) -> [String] {
        let nodes = try node.oneOrMore("a program with its arguments")
        var words = [try nodes[0].relativePath("a program of the service", isStored: isStored)]
        for node in nodes.dropFirst() {
            let word = try node.text("an argument")
            guard isStored || word.utf8.count <= ServicePath.longest && !word.utf8.contains(0) else {
                throw YAMLError(
                    node.position, "an argument has at most \(ServicePath.longest) bytes, and none of them is 0")
            }
            words.append(word)
        }
        return words
    }

    private mutating func httpCheck(_ node: YAMLNode) -> ServiceTest.HTTPCheck? {
        let keys = ["method", "port", "path", "status"]
        guard let mapping = diagnostics.mapping(node, allowedKeys: keys, "an HTTP request") else { return nil }
        let method = diagnostics.optional(mapping["method"]) { node throws(YAMLError) in
            try node.choice(ServiceTest.HTTPCheck.methods, "HTTP method")
        }
        let port = diagnostics.required("port", of: mapping) { node throws(YAMLError) in try node.port() }
        let path = diagnostics.required("path", of: mapping) { node throws(YAMLError) -> String in
            let path = try node.text("a path")
            guard ServiceTest.HTTPCheck.isPath(path) else {
                throw node.unexpected("a path that starts with \"/\"")
            }
            return path
        }
        let status = diagnostics.optional(mapping["status"]) { node throws(YAMLError) in
            try node.integer("an HTTP status", in: ServiceTest.HTTPCheck.statuses)
        }
        guard let port, let path else { return nil }
        return ServiceTest.HTTPCheck(method: method ?? "GET", port: port, path: path, status: status ?? 200)
    }

    /// `{name: billing, schema: sql/schema.sql, patches: sql/patches}`
    package mutating func database(_ node: YAMLNode) -> DatabaseSection? {
        let keys = ["name", "schema", "patches"]
        guard let mapping = diagnostics.mapping(node, allowedKeys: keys, "a database") else { return nil }
        let name = diagnostics.required("name", of: mapping) { node throws(YAMLError) in
            try node.objectName(.database, "the name of a database")
        }
        let schema = diagnostics.required("schema", of: mapping) { [isStored] node throws(YAMLError) in
            try node.relativePath("a file", isStored: isStored)
        }
        let patches = diagnostics.optional(mapping["patches"]) { [isStored] node throws(YAMLError) in
            try node.relativePath("a directory", isStored: isStored)
        }
        guard let name, let schema else { return nil }
        return DatabaseSection(name: name, schema: schema, patches: patches, position: node.position)
    }
}
