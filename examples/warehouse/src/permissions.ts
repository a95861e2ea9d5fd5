/** The permissions of this server: what an administrator gives to roles. */
export const PERMISSIONS = {
  productsRead: "products:read",
  warehouseRead: "warehouse:read",
  ordersRead: "orders:read",
  ordersWrite: "orders:write",
  stockWrite: "stock:write",
} as const;
