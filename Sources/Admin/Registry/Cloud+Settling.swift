import AdminAPI
import Text
import YAML

extension Cloud {
    /// Gives new sections their marks and checks that the cloud does not contradict itself.
    ///
    /// Throws `RegistryError.contradiction` naming every side. Of two sides the one is to blame that the change is of:
    /// a meta-configuration that differs from `before`, else what has a place in the request.
    mutating func settle(from before: Cloud, places: RequestPlaces) throws {
        do {
            marks = try allocatingMarks()
        } catch {
            let id = error.id.section
            let section = types[id.type]?.configuration.gateway.first { $0.name == id.section }
            throw RegistryError.contradiction([
                .init(pointer: section?.position.description ?? "\(id)", detail: "\(error)")
            ])
        }
        let changed = changedTypes(since: before)
        try Self.refuse(
            contradictions(blaming: changed) + newRequirementContradictions(since: before)
                + newSharedAddressContradictions(since: before),
            inFiles: Set(changed.map(ServiceType.file(of:))), places)
    }

    /// The types whose meta-configuration is new or another.
    func changedTypes(since before: Cloud) -> Set<String> {
        Set(
            types.values.lazy.filter { type in before.types[type.name].map { !$0.source.isExactly(type.source) } ?? true
            }
            .map(\.name))
    }

    /// Throws the contradictions, if there are any.
    ///
    /// - Parameter files: The meta-configurations that are being changed.
    static func refuse(
        _ contradictions: [Contradiction], inFiles files: Set<String>, _ places: RequestPlaces
    ) throws {
        guard !contradictions.isEmpty else { return }
        throw RegistryError.contradiction(faults(contradictions, inFiles: files, places))
    }

    /// The first 100, at the places that whoever made the change knows.
    static func faults(
        _ contradictions: [Contradiction], inFiles files: Set<String>, _ places: RequestPlaces
    ) -> [Problem.Fault] {
        contradictions.prefix(100).map { $0.fault(inFiles: files, places) }
    }
}

extension Contradiction {
    /// The contradiction at the place that whoever made the change knows.
    ///
    /// - Parameter files: the meta-configurations that are being changed.
    fileprivate func fault(inFiles files: Set<String>, _ places: RequestPlaces) -> Problem.Fault {
        if let position, files.contains(position.file) {
            return Problem.Fault(pointer: "\(position)", detail: message)
        }
        if let pointer = places.place(of: subjects) {
            return Problem.Fault(pointer: pointer, detail: message + (position.map { " (\($0))" } ?? ""))
        }
        let pointer = position?.description ?? subjects.first?.path ?? "cloud"
        return Problem.Fault(pointer: pointer, detail: message)
    }
}

extension Contradiction.Subject {
    /// The object's path in the API.
    fileprivate var path: String {
        switch kind {
        case .location: "/v1/locations/\(name)"
        case .pool: "/v1/locations/\(name.replacingByte("/", with: "/pools/"))"
        case .server: "/v1/servers/\(name)"
        case .service: "/v1/services/\(name)"
        }
    }
}

extension ServiceType {
    /// The name that errors in a type's meta-configuration start with.
    static func file(of type: String) -> String { "\(type).yaml" }

    /// As below, from bytes that may or may not be UTF-8.
    static func read(bytes: [UInt8], name: String) throws -> ServiceType {
        if let source = String(validating: bytes, as: UTF8.self) { return try read(source: source, name: name) }
        do throws(YAMLErrors) {
            _ = try MetaConfiguration.load(bytes, file: file(of: name))
        } catch {
            throw RegistryError.metaConfiguration(error.faults)
        }
        throw RegistryError.metaConfiguration([.init(pointer: file(of: name), detail: "not UTF-8")])
    }

    /// Reads a type's meta-configuration, whose `type` must be `name`.
    ///
    /// Throws `RegistryError.metaConfiguration` with the place of each fault.
    ///
    /// - Parameter isStored: Whether it was accepted before, maybe by a version that took more.
    static func read(source: String, name: String, isStored: Bool = false) throws -> ServiceType {
        let file = file(of: name)
        do {
            let configuration = try MetaConfiguration.loadOne(source, file: file, isStored: isStored)
            guard configuration.type == name else {
                throw RegistryError.metaConfiguration([
                    .init(
                        pointer: "\(configuration.position)",
                        detail: "the file describes the type \"\(configuration.type)\", not \"\(name)\"")
                ])
            }
            return ServiceType(source: source, configuration: configuration)
        } catch let errors as YAMLErrors {
            throw RegistryError.metaConfiguration(errors.faults)
        }
    }
}

extension YAMLErrors {
    fileprivate var faults: [Problem.Fault] {
        errors.map { Problem.Fault(pointer: "\($0.position)", detail: $0.message) }
    }
}
