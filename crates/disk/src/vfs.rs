//! A VFS in front of SQLite's own: it lets every file through, and keeps account of those that are watched.
//!
//! All of the `unsafe` of the project is here. The rules that it rests on: SQLite gives `szOsFile` bytes for
//! each file, aligned for pointers; a file's methods are called by one thread at a time; the
//! default VFS outlives the process.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError};

use rusqlite::ffi;

use super::{Fault, Meets, Shared};

static WATCHED: Mutex<Vec<(PathBuf, Arc<Shared>)>> = Mutex::new(Vec::new());

/// SQLite's own VFS.
static REAL: OnceLock<usize> = OnceLock::new();

/// A file as SQLite holds it: ours, and behind it in the same memory the real one.
#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    /// Null for a file that nobody watches.
    watched: *mut Watched,
}

struct Watched {
    name: String,
    shared: Arc<Shared>,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // Version 2: the shared memory of WAL, and no memory-mapped reads.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Watches the files of a directory.
pub(crate) fn watch(dir: PathBuf, shared: Arc<Shared>) {
    static REGISTER: Once = Once::new();
    REGISTER.call_once(register);
    watched_dirs().push((dir, shared));
}

/// Lets the files of a directory be.
pub(crate) fn unwatch(dir: &Path) {
    watched_dirs().retain(|(watched, _)| watched != dir);
}

fn watched_dirs() -> std::sync::MutexGuard<'static, Vec<(PathBuf, Arc<Shared>)>> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn register() {
    // SAFETY: `sqlite3_vfs_find` may be asked at any time and gives the default VFS, which is never freed.
    let real = unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) };
    assert!(!real.is_null(), "SQLite has a VFS of its own");
    let _ = REAL.set(real as usize);
    // SAFETY: `real` is a valid VFS. The copy is leaked, so it lives as long as SQLite may use it; what is not
    // replaced in it are functions that take any VFS, or that ignore it.
    let taken = unsafe {
        let mut ours = *real;
        ours.pNext = std::ptr::null_mut();
        ours.zName = c"steadfast-disk".as_ptr();
        ours.szOsFile = size_of::<File>() as c_int + (*real).szOsFile;
        ours.xOpen = Some(open);
        ours.xDelete = Some(delete);
        ours.xAccess = Some(access);
        ours.xFullPathname = Some(full_pathname);
        ffi::sqlite3_vfs_register(Box::into_raw(Box::new(ours)), 1)
    };
    assert_eq!(taken, ffi::SQLITE_OK, "SQLite takes the VFS");
}

fn real_vfs() -> *mut ffi::sqlite3_vfs {
    REAL.get().copied().unwrap_or(0) as *mut ffi::sqlite3_vfs
}

/// # Safety
/// `file` is one that [`open`] was given.
unsafe fn real_of(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: `szOsFile` makes room for the real file behind ours.
    unsafe { file.cast::<u8>().add(size_of::<File>()).cast() }
}

/// # Safety
/// `file` is open.
unsafe fn watched_of<'f>(file: *mut ffi::sqlite3_file) -> Option<&'f Watched> {
    // SAFETY: set in `open`, freed in `close`, and only those two have it mutable.
    unsafe { (*file.cast::<File>()).watched.as_ref() }
}

/// The directory's watcher and the file's name in it, if anybody watches.
fn find(path: &Path) -> Option<Watched> {
    let name = path.file_name()?.to_str()?.to_owned();
    let dirs = watched_dirs();
    let (_, shared) = dirs.iter().find(|(dir, _)| path.parent() == Some(dir))?;
    Some(Watched { name, shared: Arc::clone(shared) })
}

/// # Safety
/// `name` is null or a C string.
unsafe fn path_of(name: *const c_char) -> Option<PathBuf> {
    if name.is_null() {
        return None;
    }
    // SAFETY: by the caller.
    let name = unsafe { CStr::from_ptr(name) };
    name.to_str().ok().map(PathBuf::from)
}

fn code(fault: Fault, broken: c_int) -> c_int {
    match fault {
        Fault::NoSpace => ffi::SQLITE_FULL,
        Fault::Broken => broken,
    }
}

/// Calls a method of the real file.
macro_rules! real {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        // SAFETY: the file is open, so the real one behind it is, and has this method.
        unsafe {
            let real = real_of($file);
            match (*(*real).pMethods).$method {
                Some(method) => method(real $(, $argument)*),
                None => ffi::SQLITE_IOERR,
            }
        }
    }};
}

unsafe extern "C" fn open(
    _vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite hands in a name or null, and memory of `szOsFile` bytes.
    unsafe {
        let this = file.cast::<File>();
        (*this).base.pMethods = std::ptr::null();
        (*this).watched = std::ptr::null_mut();
        let real = real_of(file);
        (*real).pMethods = std::ptr::null();
        let watched = path_of(name).and_then(|path| Some((find(&path)?, path)));
        if let Some((watched, _)) = &watched
            && watched.shared.lock().is_off()
        {
            return ffi::SQLITE_CANTOPEN;
        }
        let there = watched.as_ref().map(|(_, path)| std::fs::read(path).ok());
        let Some(real_open) = (*real_vfs()).xOpen else { return ffi::SQLITE_CANTOPEN };
        let opened = real_open(real_vfs(), name, real, flags, out_flags);
        if !(*real).pMethods.is_null() {
            (*this).base.pMethods = &METHODS;
            if let (ffi::SQLITE_OK, Some((watched, _))) = (opened, watched) {
                watched.shared.lock().files.opened(&watched.name, there.flatten());
                (*this).watched = Box::into_raw(Box::new(watched));
            }
        }
        opened
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let closed = real!(file, xClose);
    // SAFETY: made by `open` from a box, and closed once.
    unsafe {
        let this = file.cast::<File>();
        if !(*this).watched.is_null() {
            drop(Box::from_raw((*this).watched));
            (*this).watched = std::ptr::null_mut();
        }
    }
    closed
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: the file is open.
    if unsafe { watched_of(file) }.is_some_and(|watched| watched.shared.lock().is_off()) {
        return ffi::SQLITE_IOERR_READ;
    }
    real!(file, xRead, into, amount, offset)
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: the file is open.
    let Some(watched) = (unsafe { watched_of(file) }) else {
        return real!(file, xWrite, from, amount, offset);
    };
    let mut state = watched.shared.lock();
    let (amount, answer) = match state.meet() {
        Meets::PowerOff => return ffi::SQLITE_IOERR_WRITE,
        Meets::Nothing => (amount, None),
        // Half of it got there.
        Meets::Fault(fault) => (amount / 2, Some(code(fault, ffi::SQLITE_IOERR_WRITE))),
    };
    // SAFETY: SQLite hands in that many bytes, and at most as many are read.
    let bytes = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), amount as usize) };
    let written = real!(file, xWrite, from, amount, offset);
    if written == ffi::SQLITE_OK {
        state.files.wrote(&watched.name, offset as usize, bytes);
    }
    answer.unwrap_or(written)
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: ffi::sqlite3_int64) -> c_int {
    // SAFETY: the file is open.
    let Some(watched) = (unsafe { watched_of(file) }) else {
        return real!(file, xTruncate, size);
    };
    let mut state = watched.shared.lock();
    match state.meet() {
        Meets::PowerOff => return ffi::SQLITE_IOERR_TRUNCATE,
        Meets::Fault(fault) => return code(fault, ffi::SQLITE_IOERR_TRUNCATE),
        Meets::Nothing => {}
    }
    let cut = real!(file, xTruncate, size);
    if cut == ffi::SQLITE_OK {
        state.files.cut(&watched.name, size as usize);
    }
    cut
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: the file is open.
    let Some(watched) = (unsafe { watched_of(file) }) else {
        return real!(file, xSync, flags);
    };
    let mut state = watched.shared.lock();
    match state.meet() {
        Meets::PowerOff => ffi::SQLITE_IOERR_FSYNC,
        Meets::Fault(fault) => code(fault, ffi::SQLITE_IOERR_FSYNC),
        Meets::Nothing => {
            state.files.synced(&watched.name);
            ffi::SQLITE_OK
        }
    }
}

unsafe extern "C" fn delete(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync_dir: c_int,
) -> c_int {
    // SAFETY: SQLite hands in a name; the real VFS lives for ever.
    unsafe {
        let Some(real_delete) = (*real_vfs()).xDelete else { return ffi::SQLITE_IOERR_DELETE };
        let Some(watched) = path_of(name).and_then(|path| find(&path)) else {
            return real_delete(real_vfs(), name, sync_dir);
        };
        let mut state = watched.shared.lock();
        match state.meet() {
            Meets::PowerOff => return ffi::SQLITE_IOERR_DELETE,
            Meets::Fault(fault) => return code(fault, ffi::SQLITE_IOERR_DELETE),
            Meets::Nothing => {}
        }
        let deleted = real_delete(real_vfs(), name, 0);
        if deleted == ffi::SQLITE_OK {
            state.files.deleted(&watched.name, sync_dir != 0);
        }
        deleted
    }
}

unsafe extern "C" fn access(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    answer: *mut c_int,
) -> c_int {
    // SAFETY: passed on as it came, to the VFS that it is meant for.
    unsafe {
        match (*real_vfs()).xAccess {
            Some(real_access) => real_access(real_vfs(), name, flags, answer),
            None => ffi::SQLITE_IOERR_ACCESS,
        }
    }
}

unsafe extern "C" fn full_pathname(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    size: c_int,
    into: *mut c_char,
) -> c_int {
    // SAFETY: passed on as it came, to the VFS that it is meant for.
    unsafe {
        match (*real_vfs()).xFullPathname {
            Some(real_path) => real_path(real_vfs(), name, size, into),
            None => ffi::SQLITE_CANTOPEN,
        }
    }
}

unsafe extern "C" fn file_size(
    file: *mut ffi::sqlite3_file,
    size: *mut ffi::sqlite3_int64,
) -> c_int {
    real!(file, xFileSize, size)
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    real!(file, xLock, level)
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    real!(file, xUnlock, level)
}

unsafe extern "C" fn check_reserved_lock(
    file: *mut ffi::sqlite3_file,
    answer: *mut c_int,
) -> c_int {
    real!(file, xCheckReservedLock, answer)
}

unsafe extern "C" fn file_control(
    file: *mut ffi::sqlite3_file,
    operation: c_int,
    argument: *mut c_void,
) -> c_int {
    real!(file, xFileControl, operation, argument)
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    real!(file, xSectorSize)
}

unsafe extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    real!(file, xDeviceCharacteristics)
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    into: *mut *mut c_void,
) -> c_int {
    real!(file, xShmMap, region, size, extend, into)
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    offset: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    real!(file, xShmLock, offset, count, flags)
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    // SAFETY: the file is open, so the real one behind it is.
    unsafe {
        let real = real_of(file);
        if let Some(barrier) = (*(*real).pMethods).xShmBarrier {
            barrier(real);
        }
    }
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    real!(file, xShmUnmap, delete)
}
