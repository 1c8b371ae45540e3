import Text
import YAML

extension Cloud {
    /// Allocates marks for new sections (`allocatingMarks()`).
    ///
    /// Throws `ChangeError.contradiction` with the section that gets none.
    package mutating func allocateMarks() throws {
        do {
            marks = try allocatingMarks()
        } catch {
            let id = error.id.section
            let section = types[id.type]?.configuration.gateway.first { $0.name == id.section }
            throw ChangeError.contradiction([
                .init(place: .text(section?.position.description ?? "\(id)"), detail: "\(error)")
            ])
        }
    }

    /// Checks that the cloud does not contradict itself. Marks must have been allocated (`allocateMarks()`).
    ///
    /// Throws `ChangeError.contradiction` with all sides. The side that the change concerns is blamed: a
    /// meta-configuration that differs from `before`, or else the object that has a place in the request.
    package func settle(from before: Cloud, places: RequestPlaces) throws {
        let changed = changedTypes(since: before)
        try Self.refuse(
            contradictions(blaming: changed) + newRequirementContradictions(since: before)
                + newSharedAddressContradictions(since: before),
            inFiles: Set(changed.map(ServiceType.file(of:))), places)
    }

    /// The types whose meta-configuration is new or has changed.
    package func changedTypes(since before: Cloud) -> Set<String> {
        Set(
            types.values.lazy.filter { type in before.types[type.name].map { !$0.source.isExactly(type.source) } ?? true
            }
            .map(\.name))
    }

    /// Throws the contradictions, if there are any.
    ///
    /// - Parameter files: The meta-configurations that are being changed.
    package static func refuse(
        _ contradictions: [Contradiction], inFiles files: Set<String>, _ places: RequestPlaces
    ) throws {
        guard !contradictions.isEmpty else { return }
        throw ChangeError.contradiction(faults(contradictions, inFiles: files, places))
    }

    /// The first 100 contradictions, each with a place that the client knows.
    package static func faults(
        _ contradictions: [Contradiction], inFiles files: Set<String>, _ places: RequestPlaces
    ) -> [Fault] {
        contradictions.prefix(100).map { $0.fault(inFiles: files, places) }
    }
}

extension Contradiction {
    /// The contradiction with a place that the client knows.
    ///
    /// - Parameter files: the meta-configurations that are being changed.
    fileprivate func fault(inFiles files: Set<String>, _ places: RequestPlaces) -> Fault {
        if let position, files.contains(position.file) {
            return Fault(place: "\(position)", detail: message)
        }
        if let pointer = places.place(of: subjects) {
            return Fault(place: .text(pointer), detail: message + (position.map { " (\($0))" } ?? ""))
        }
        let place =
            position.map { .text($0.description) } ?? subjects.first.map { .object($0.kind, $0.name) }
            ?? Fault.Place.text("cloud")
        return Fault(place: place, detail: message)
    }
}

extension ServiceType {
    /// The file name in errors of a type's meta-configuration.
    package static func file(of type: String) -> String { "\(type).yaml" }

    /// Like the function below, for bytes that may not be UTF-8.
    package static func read(bytes: [UInt8], name: String) throws -> ServiceType {
        if let source = String(validating: bytes, as: UTF8.self) { return try read(source: source, name: name) }
        do throws(YAMLErrors) {
            _ = try MetaConfiguration.load(bytes, file: file(of: name))
        } catch {
            throw ChangeError.metaConfiguration(error.faults)
        }
        throw ChangeError.metaConfiguration([.init(place: .text(file(of: name)), detail: "not UTF-8")])
    }

    /// Reads a type's meta-configuration, whose `type` must be `name`.
    ///
    /// Throws `ChangeError.metaConfiguration` with the place of each fault.
    ///
    /// - Parameter isStored: whether it was accepted before, possibly by a less strict version.
    package static func read(source: String, name: String, isStored: Bool = false) throws -> ServiceType {
        let file = file(of: name)
        do {
            let configuration = try MetaConfiguration.loadOne(source, file: file, isStored: isStored)
            guard configuration.type == name else {
                throw ChangeError.metaConfiguration([
                    .init(
                        place: "\(configuration.position)",
                        detail: "the file describes the type \"\(configuration.type)\", not \"\(name)\"")
                ])
            }
            return ServiceType(source: source, configuration: configuration)
        } catch let errors as YAMLErrors {
            throw ChangeError.metaConfiguration(errors.faults)
        }
    }
}

extension YAMLErrors {
    fileprivate var faults: [Fault] {
        errors.map { Fault(place: "\($0.position)", detail: $0.message) }
    }
}
