import Names
import Text
package import YAML

extension MetaConfigurationReader {
    /// `{mkdir: [logs, {path: mdb, label: db}], files: [bin/mdb]}`
    mutating func install(_ node: YAMLNode) -> InstallSection? {
        guard let mapping = diagnostics.mapping(node, allowedKeys: ["mkdir", "files"]) else { return nil }
        var seen = Set<ExactText>()
        var directories = [ServiceDirectory]()
        for node in mapping["mkdir"].map({ list($0, "a list of directories") }) ?? [] {
            guard let directory = directory(node) else { continue }
            guard seen.insert(ExactText(directory.path)).inserted else {
                diagnostics.report(node.position, "the directory \"\(directory.path)\" is in the list already")
                continue
            }
            directories.append(directory)
        }
        let files = uniqueList(mapping["files"], "a list of files") { [isStored] node throws(YAMLError) in
            ExactText(try node.filePattern(isStored: isStored))
        }
        return InstallSection(directories: directories, files: files.map(\.wrappedValue), position: node.position)
    }

    private mutating func directory(_ node: YAMLNode) -> ServiceDirectory? {
        guard case .mapping = node.content else {
            return diagnostics.attempt { [isStored] () throws(YAMLError) in
                ServiceDirectory(path: try node.serviceDirectory(isStored: isStored))
            }
        }
        guard let mapping = diagnostics.mapping(node, allowedKeys: ["path", "label"], "a directory") else { return nil }
        let path = diagnostics.required("path", of: mapping) { [isStored] node throws(YAMLError) in
            try node.serviceDirectory(isStored: isStored)
        }
        let storage = diagnostics.optional(mapping["label"]) { node throws(YAMLError) in
            try node.choice(ServiceDirectory.Storage.self, "label")
        }
        return path.map { ServiceDirectory(path: $0, storage: storage) }
    }

    /// `{rmdir: [mdb]}`
    mutating func uninstall(_ node: YAMLNode) -> UninstallSection? {
        guard let mapping = diagnostics.mapping(node, allowedKeys: ["rmdir"]) else { return nil }
        let directories = uniqueList(mapping["rmdir"], "a list of directories") { [isStored] node throws(YAMLError) in
            ExactText(try node.serviceDirectory(isStored: isStored))
        }
        return UninstallSection(directories: directories.map(\.wrappedValue), position: node.position)
    }

    /// The greatest number of labels, and of types, that a type may require: each is checked for each service.
    private static let mostRequired = 64

    /// `{server: [app, db], labels: [ssd], types: [mdb]}`
    mutating func requirements(_ node: YAMLNode) -> Requirements? {
        guard let mapping = diagnostics.mapping(node, allowedKeys: ["server", "labels", "types"]) else { return nil }
        let kinds = uniqueList(mapping["server"], "a kind of server or a list of them") { node throws(YAMLError) in
            try node.choice(ServerKind.self, "kind of server")
        }
        for key in ["labels", "types"] where !isStored {
            guard let node = mapping[key], case .sequence(let items) = node.content, items.count > Self.mostRequired
            else { continue }
            diagnostics.report(node.position, "a type may require at most \(Self.mostRequired) \(key)")
            return nil
        }
        let labels = uniqueList(mapping["labels"], "a label or a list of them") { node throws(YAMLError) in
            try node.objectName(.label, "a label")
        }
        let types = uniqueList(mapping["types"], "a type or a list of them") { node throws(YAMLError) in
            try node.objectName(.type, "the name of a service type")
        }
        return Requirements(serverKinds: Set(kinds), labels: labels, types: types, position: node.position)
    }
}

extension YAMLNode {
    /// One of the cases of an enumeration.
    package func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _: Choice.Type, _ what: String
    ) throws(YAMLError) -> Choice {
        let word = try choice(Choice.allCases.map(\.rawValue), what)
        guard let choice = Choice(rawValue: word) else { throw unexpected(what) }
        return choice
    }
}
