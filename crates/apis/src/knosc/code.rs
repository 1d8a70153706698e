use crate::words::words;

words! {
    /// What Knosc says went wrong (contract, section 4). Decide by this or by the status, never by
    /// the message, which may change (K10).
    ///
    /// ```
    /// use steadfast_apis::knosc::Code;
    ///
    /// assert_eq!(Code::from("ItemMaster.NotFound"), Code::ItemNotFound);
    /// assert_eq!(Code::from("Order.OnFire").as_str(), "Order.OnFire");
    /// ```
    pub enum Code {
        /// There is no order with this id.
        OrderNotFound = "PurchaseOrderList.NotFound",
        /// There is no line with this id.
        LineNotFound = "PurchaseOrderDetails.NotFound",
        /// Other records point to the order.
        OrderStillInUse = "PurchaseOrderList.StillInUse",
        /// Other records point to the line.
        LineStillInUse = "PurchaseOrderDetails.StillInUse",
        /// The number of the order is taken.
        OrderAlreadyExists = "PurchaseOrderList.AlreadyExists",
        /// An order has to have a line; a move has to move one.
        NoItems = "OrderList.NoItems",
        /// All lines of an order have to be for one warehouse.
        MultipleWarehouses = "OrderList.MultipleWarehouses",
        /// Two lines name the same item and sub item.
        DuplicateRows = "OrderDetails.DuplicateRows",
        /// A line is ordered after it ships.
        OrderDateAfterShip = "PurchaseOrderDetails.OrderDateAfterShip",
        /// `Purchase Order Id` in the body is not the id in the path.
        IdMismatch = "OrderList.IdMismatch",
        /// Moves have to share their source and their target.
        MixedMoves = "OrderList.MixedMoves",
        /// The body is no JSON object.
        JsonInvalid = "JSON.Invalid",
        /// There is no such item. Case counts.
        ItemNotFound = "ItemMaster.NotFound",
        /// The item number is taken.
        ItemAlreadyExists = "ItemMaster.AlreadyExists",
        /// Other records point to the item.
        ItemStillInUse = "ItemMaster.StillInUse",
        /// There is no such supplier.
        SupplierNotFound = "SupplierMaster.NotFound",
        /// The supplier number is taken.
        SupplierAlreadyExists = "SupplierMaster.AlreadyExists",
        /// Other records point to the supplier.
        SupplierStillInUse = "SupplierMaster.StillInUse",
        /// There is no such warehouse, or it is not active.
        WarehouseNotFound = "WarehouseMaster.NotFound",
        /// The warehouse number is taken.
        WarehouseAlreadyExists = "WarehouseMaster.AlreadyExists",
        /// Other records point to the warehouse.
        WarehouseStillInUse = "WarehouseMaster.StillInUse",
        /// There is no such ship-from location.
        ShipFromNotFound = "ShipFromMaster.NotFound",
        /// Other records point to the ship-from location.
        ShipFromStillInUse = "ShipFromMaster.StillInUse",
        /// There is no such record of inventory.
        InventoryNotFound = "Inventory.NotFound",
        /// There is no such forecast.
        ForecastNotFound = "ForecastList.NotFound",
        /// A field is missing.
        MissingField = "Validation.MissingField",
        /// The value of a field cannot be used.
        InvalidField = "Validation.InvalidField",
        /// The role lacks the privilege: an administrator has to give it (K12).
        NotPrivileged = "User.NotPrivileged",
        /// There is no such user.
        UserNotFound = "User.NotFound",
        /// The name or the address is another user's.
        UserAlreadyExists = "User.AlreadyExists",
        /// User name or password is wrong.
        InvalidCredentials = "User.InvalidCredentials",
        /// Too many bad passwords: nobody gets in before the lock ends.
        UserLocked = "User.Locked",
        /// The code of the second factor is wrong or old.
        InvalidSecondFactor = "2FA.InvalidCode",
        /// A write came without the CSRF header.
        CsrfMissing = "CSRF.Missing",
        /// The CSRF header is not that of the session.
        CsrfMismatch = "CSRF.Mismatch",
        /// No session was sent along.
        TokenMissing = "Token.Missing",
        /// The session has expired.
        TokenExpired = "Token.Expired",
        /// The token cannot be read.
        TokenInvalid = "Token.Invalid",
        /// The user was changed since the log-in: log in again.
        TokenRevoked = "Token.Revoked",
        /// There is no such route.
        RouteNotFound = "Route.NotFound",
        /// The route does not take this method.
        MethodNotAllowed = "Route.MethodNotAllowed",
        /// The filter of a list cannot be read.
        FilterInvalid = "Filter.Invalid",
        /// The sorting of a list cannot be read.
        SortInvalid = "Sort.Invalid",
        /// Something broke inside.
        ServerError = "Server.Error",
    }
}
