"""Documents that the product makes: PDF with Chinese fonts, workbooks, QR codes. All of it offline."""
