import Cloud
import Names
import Text

/// What is placed on a server beside the files: directories, a database, limits.
extension ManifestReader {
    /// The most directories to make, and to remove.
    private static let mostDirectories = 1_000

    mutating func directories(_ field: ManifestField) -> [ServiceDirectory] {
        var paths = Set<ExactText>()
        return field.array(atMost: Self.mostDirectories, &faults).compactMap { field in
            guard let object = field.object(["path", "storage"], &faults) else { return nil }
            let storage = object.optional("storage")?.choice(ServiceDirectory.Storage.self, &faults)
            guard let field = object.required("path", &faults), let path = directory(field) else { return nil }
            if !paths.insert(ExactText(path)).inserted { field.fault("\(path.printed()) is there twice", &faults) }
            return ServiceDirectory(path: path, storage: storage)
        }
    }

    mutating func removedDirectories(_ field: ManifestField) -> [String] {
        var paths = Set<ExactText>()
        return field.array(atMost: Self.mostDirectories, &faults).compactMap { field in
            guard let path = directory(field) else { return nil }
            if !paths.insert(ExactText(path)).inserted { field.fault("\(path.printed()) is there twice", &faults) }
            return path
        }
    }

    /// A directory of a service, which may not be where its versions are.
    private mutating func directory(_ field: ManifestField) -> String? {
        field.string(&faults) { path in
            if let problem = ServicePath.problem(with: path) { return problem }
            return ServicePath.isReserved(path) ? "is where the versions are" : nil
        }
    }

    mutating func database(_ field: ManifestField) -> Manifest.Database? {
        guard let object = field.object(["name", "schema", "patches"], &faults) else { return nil }
        let name = object.required("name", &faults)?.string(&faults) { name in
            ObjectName.problem(with: name, as: .database).map { "is no name of a database: it \($0)" }
        }
        let schema = object.required("schema", &faults)?.string(&faults, ServicePath.problem(with:))
        let patches = object.optional("patches")?.string(&faults, ServicePath.problem(with:))
        guard let name, let schema else { return nil }
        return Manifest.Database(name: name, schema: schema, patches: patches)
    }

    mutating func limits(_ field: ManifestField) -> ServiceLimits? {
        guard let object = field.object(["memory", "cpu", "open-files", "processes"], &faults) else { return nil }
        return ServiceLimits(
            memory: object.optional("memory")?.integer(in: ServiceLimits.memories, &faults),
            cpu: object.optional("cpu")?.integer(in: ServiceLimits.shares, &faults),
            openFiles: object.optional("open-files")?.integer(in: ServiceLimits.files, &faults),
            processes: object.optional("processes")?.integer(in: ServiceLimits.numbersOfProcesses, &faults))
    }
}
